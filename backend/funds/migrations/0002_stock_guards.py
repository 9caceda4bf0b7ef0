"""What is left of a lot is the sum of its moves, never below nothing; moves are only added; who takes in does not count.

Plain SQL, as in backend.audit: only the tables' owner can switch these off.
"""

from django.db import migrations

GUARDS = r"""
CREATE FUNCTION funds_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on % refused: what is in stock changes by moves only', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$;

-- The lot's row is locked by its update: two counters never hand out the same last piece.
CREATE FUNCTION funds_move() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE funds_stocklot SET "left" = "left" + NEW.quantity WHERE id = NEW.lot_id;
    RETURN NEW;
END $$;

CREATE TRIGGER funds_move BEFORE INSERT ON funds_stockmove FOR EACH ROW EXECUTE FUNCTION funds_move();
CREATE TRIGGER funds_keep_move BEFORE UPDATE OR DELETE ON funds_stockmove
    FOR EACH ROW EXECUTE FUNCTION funds_refuse();
CREATE TRIGGER funds_keep_left BEFORE UPDATE ON funds_stocklot FOR EACH ROW
    WHEN (pg_trigger_depth() = 0 AND NEW."left" IS DISTINCT FROM OLD."left") EXECUTE FUNCTION funds_refuse();
CREATE TRIGGER funds_empty_lot BEFORE INSERT ON funds_stocklot FOR EACH ROW
    WHEN (NEW."left" <> 0) EXECUTE FUNCTION funds_refuse();

CREATE FUNCTION funds_count() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM funds_stockmove move
        JOIN funds_stocklot lot ON lot.id = move.lot_id
        JOIN funds_article article ON article.id = lot.article_id
        WHERE article.store_id = NEW.store_id AND move.by_id = NEW.counted_by_id
          AND move.reason = 'received' AND move.on_date >= NEW.month
    ) THEN
        RAISE EXCEPTION 'who took goods in does not count them' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER funds_count BEFORE UPDATE ON funds_stockcount FOR EACH ROW
    WHEN (NEW.counted_by_id IS NOT NULL AND NEW.counted_by_id IS DISTINCT FROM OLD.counted_by_id)
    EXECUTE FUNCTION funds_count();
"""

DROP = """
DROP TRIGGER funds_count ON funds_stockcount;
DROP TRIGGER funds_empty_lot ON funds_stocklot;
DROP TRIGGER funds_keep_left ON funds_stocklot;
DROP TRIGGER funds_keep_move ON funds_stockmove;
DROP TRIGGER funds_move ON funds_stockmove;
DROP FUNCTION funds_count();
DROP FUNCTION funds_move();
DROP FUNCTION funds_refuse();
"""


class Migration(migrations.Migration):
    dependencies = [("funds", "0001_initial")]

    operations = [migrations.RunSQL(GUARDS, DROP)]
