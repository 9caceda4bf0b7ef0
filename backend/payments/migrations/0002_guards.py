"""The triggers that keep the powers over money apart and what was drawn up as it was. Plain SQL, as in backend/audit.

Refused: that who confirmed a right draws up or releases its payment; another amount than is owed; a line added, changed
or taken off after the release; a payable called paid without a line that the bank paid; deleting any of it.
"""

from django.db import migrations

POWERS = r"""
CREATE FUNCTION payments_guard_transfer() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    owed payments_payable%ROWTYPE;
    ordered payments_batch%ROWTYPE;
BEGIN
    SELECT * INTO owed FROM payments_payable WHERE id = NEW.payable_id;
    SELECT * INTO ordered FROM payments_batch WHERE id = NEW.batch_id;
    IF TG_OP = 'INSERT' THEN
        IF ordered.state <> 'drawn' OR NEW.amount <> owed.amount THEN
            RAISE EXCEPTION 'a line is what is owed, added before the release' USING ERRCODE = 'check_violation';
        END IF;
        IF ordered.drawn_by_id = ANY (owed.confirmed_by) THEN
            RAISE EXCEPTION 'who confirmed a right does not pay it' USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF (NEW.batch_id, NEW.number, NEW.payable_id, NEW.payee_label, NEW.account_tail, NEW.amount)
        IS DISTINCT FROM (OLD.batch_id, OLD.number, OLD.payable_id, OLD.payee_label, OLD.account_tail, OLD.amount)
        OR NEW.account_number IS DISTINCT FROM OLD.account_number
        OR (NEW.state <> OLD.state AND OLD.state IN ('returned', 'dropped'))
        OR (NEW.state = 'dropped' AND OLD.state <> 'dropped' AND ordered.state <> 'drawn')
        OR (NEW.state IN ('paid', 'returned') AND ordered.state NOT IN ('released', 'settled')) THEN
        RAISE EXCEPTION 'a line stays as it was drawn up' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER payments_guard BEFORE INSERT OR UPDATE ON payments_transfer
    FOR EACH ROW EXECUTE FUNCTION payments_guard_transfer();

CREATE FUNCTION payments_guard_batch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.drawn_by_id <> OLD.drawn_by_id
        OR (OLD.state <> 'drawn' AND (NEW.released_by_id, NEW.count, NEW.total, NEW.released_at)
            IS DISTINCT FROM (OLD.released_by_id, OLD.count, OLD.total, OLD.released_at))
        OR (OLD.state = 'dropped' AND NEW.state <> 'dropped') OR (NEW.state = 'drawn' AND OLD.state <> 'drawn') THEN
        RAISE EXCEPTION 'a batch stays as it was released' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.released_by_id IS DISTINCT FROM OLD.released_by_id AND EXISTS (
        SELECT FROM payments_transfer line JOIN payments_payable owed ON owed.id = line.payable_id
        WHERE line.batch_id = NEW.id AND line.state <> 'dropped' AND NEW.released_by_id = ANY (owed.confirmed_by)) THEN
        RAISE EXCEPTION 'who confirmed a right does not pay it' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER payments_guard BEFORE UPDATE ON payments_batch FOR EACH ROW EXECUTE FUNCTION payments_guard_batch();

CREATE FUNCTION payments_guard_payable() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.amount, NEW.confirmed_by, NEW.key, NEW.person_id) IS DISTINCT FROM
        (OLD.amount, OLD.confirmed_by, OLD.key, OLD.person_id) THEN
        RAISE EXCEPTION 'what is owed is not changed: it is cancelled' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.state = 'paid' AND OLD.state <> 'paid' AND NOT EXISTS (
        SELECT FROM payments_transfer WHERE payable_id = NEW.id AND state = 'paid') THEN
        RAISE EXCEPTION 'paid is what the bank paid' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER payments_guard BEFORE UPDATE ON payments_payable FOR EACH ROW EXECUTE FUNCTION payments_guard_payable();

CREATE FUNCTION payments_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'payments are kept: % on % refused', TG_OP, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
"""

KEPT = ("payments_payable", "payments_batch", "payments_transfer", "payments_batchfile")
KEEPING = "".join(
    f"""
CREATE TRIGGER payments_keep BEFORE DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION payments_refuse();
CREATE TRIGGER payments_keep_all BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION payments_refuse();
"""
    for table in KEPT
)

DROP = """
DROP FUNCTION payments_guard_transfer() CASCADE;
DROP FUNCTION payments_guard_batch() CASCADE;
DROP FUNCTION payments_guard_payable() CASCADE;
DROP FUNCTION payments_refuse() CASCADE;
"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0001_initial")]

    operations = [migrations.RunSQL(POWERS + KEEPING, DROP)]
