"""The triggers that hold the ledger: entries balance, and nothing that was posted changes. Plain SQL, as in
backend/audit: whoever may run SET in a session cannot switch these off.

Whether an entry balances is asked at the end of the transaction, for its lines come after it.
"""

from django.db import migrations

BALANCE = r"""
CREATE FUNCTION ledger_balance() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    posted uuid;
    lines bigint;
    total numeric;
    promised smallint;
BEGIN
    IF TG_TABLE_NAME = 'ledger_entry' THEN posted := NEW.id; ELSE posted := NEW.entry_id; END IF;
    SELECT size INTO promised FROM ledger_entry WHERE id = posted;
    SELECT count(*), coalesce(sum(amount), 0) INTO lines, total FROM ledger_entryline WHERE entry_id = posted;
    IF total <> 0 OR lines <> promised THEN
        RAISE EXCEPTION 'an entry does not balance: % yuan over % of % lines', total, lines, promised
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER ledger_balance AFTER INSERT ON ledger_entry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_balance();
CREATE CONSTRAINT TRIGGER ledger_balance AFTER INSERT ON ledger_entryline
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_balance();
"""

KEEPING = r"""
CREATE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the ledger is only added to: % on % refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$;
""" + "".join(
    f"""
CREATE TRIGGER ledger_keep BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER ledger_keep_all BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();
"""
    for table in ("ledger_account", "ledger_entry", "ledger_entryline")
)

DROP = (
    """
DROP TRIGGER ledger_balance ON ledger_entry;
DROP TRIGGER ledger_balance ON ledger_entryline;
"""
    + "".join(
        f"DROP TRIGGER ledger_keep ON {table}; DROP TRIGGER ledger_keep_all ON {table};"
        for table in ("ledger_account", "ledger_entry", "ledger_entryline")
    )
    + "DROP FUNCTION ledger_balance(); DROP FUNCTION ledger_refuse();"
)


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_initial")]

    operations = [migrations.RunSQL(BALANCE + KEEPING, DROP)]
