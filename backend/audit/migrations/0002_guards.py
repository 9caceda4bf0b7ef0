"""The triggers that chain events and keep them. Plain SQL: a trigger of django-pgtrigger can be switched off in a
session by whoever may run SET (its `pgtrigger.ignore`); these only by the tables' owner.

sha256() is built into PostgreSQL since 11.
"""

from django.db import migrations

CHAINING = r"""
CREATE FUNCTION audit_chain_event() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    place audit_chain%ROWTYPE;
BEGIN
    -- One statement makes the chain or locks it and moves its head: seq has neither gaps nor doubles.
    INSERT INTO audit_chain AS chain (name, length, previous, head, sealed)
    VALUES (NEW.chain, 1, ''::bytea, pg_catalog.sha256(int8send(1) || convert_to(NEW.body, 'UTF8')), false)
    ON CONFLICT (name) DO UPDATE SET
        length = chain.length + 1,
        previous = chain.head,
        head = pg_catalog.sha256(chain.head || int8send(chain.length + 1) || convert_to(NEW.body, 'UTF8')),
        sealed = false
    RETURNING * INTO place;
    NEW.seq := place.length;
    NEW.previous := place.previous;
    NEW.digest := place.head;
    RETURN NEW;
END $$;

CREATE TRIGGER audit_chain_event BEFORE INSERT ON audit_event
    FOR EACH ROW EXECUTE FUNCTION audit_chain_event();
"""

KEEPING = r"""
CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'history is only added to: % on % refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER audit_keep BEFORE UPDATE OR DELETE ON audit_event FOR EACH ROW EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_keep_all BEFORE TRUNCATE ON audit_event FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();

CREATE TRIGGER audit_keep BEFORE UPDATE OR DELETE ON audit_seal FOR EACH ROW EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_keep_all BEFORE TRUNCATE ON audit_seal FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();

-- Heads move only from within the trigger on events; from outside a chain may only be marked as sealed.
CREATE TRIGGER audit_keep BEFORE INSERT OR DELETE ON audit_chain FOR EACH ROW
    WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_keep_head BEFORE UPDATE ON audit_chain FOR EACH ROW
    WHEN (pg_trigger_depth() = 0 AND (NEW.name, NEW.length, NEW.previous, NEW.head)
          IS DISTINCT FROM (OLD.name, OLD.length, OLD.previous, OLD.head)) EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_keep_all BEFORE TRUNCATE ON audit_chain FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
"""

DROP = """
DROP TRIGGER audit_chain_event ON audit_event;
DROP TRIGGER audit_keep ON audit_event;
DROP TRIGGER audit_keep_all ON audit_event;
DROP TRIGGER audit_keep ON audit_seal;
DROP TRIGGER audit_keep_all ON audit_seal;
DROP TRIGGER audit_keep ON audit_chain;
DROP TRIGGER audit_keep_head ON audit_chain;
DROP TRIGGER audit_keep_all ON audit_chain;
DROP FUNCTION audit_chain_event();
DROP FUNCTION audit_refuse();
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]

    operations = [migrations.RunSQL(CHAINING + KEEPING, DROP)]
