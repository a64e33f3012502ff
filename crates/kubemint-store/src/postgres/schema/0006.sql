-- How many chains were ever begun, so that one that is taken away with its note is missed. The trigger fires once in a chain's
-- life: where the row is there already, an insertion becomes an update.

ALTER TABLE retention ADD COLUMN chains bigint NOT NULL DEFAULT 0;
UPDATE retention SET chains = (SELECT count(*) FROM audit_chain);
CREATE FUNCTION audit_chain_is_counted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE retention SET chains = chains + 1;
    RETURN NULL;
END $$;
CREATE TRIGGER audit_chain_is_counted AFTER INSERT ON audit_chain
    FOR EACH ROW EXECUTE FUNCTION audit_chain_is_counted();
