-- Check what is written from now on. Nothing that either release writes is refused, and no row is read under the lock (NOT VALID):
-- that is VALIDATE's work, which takes no lock that a query waits for.
ALTER TABLE orders ADD CONSTRAINT orders_currency_known CHECK (currency IN ('EUR', 'GBP', 'USD')) NOT VALID;
