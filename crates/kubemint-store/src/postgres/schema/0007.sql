-- The chains that are begun from here on have their names in a table of their own. What was counted until now stays counted. The
-- count was a row that retention holds while it cuts, and the first write of each new chain waited for it.

CREATE TABLE audit_begun (
    chain text COLLATE "C" PRIMARY KEY
);
CREATE OR REPLACE FUNCTION audit_chain_is_counted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit_begun (chain) VALUES (NEW.chain) ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
