-- Expand: every order has a currency, and what it was worth in ours. The release before this one goes on writing orders without
-- naming them, and gets the defaults; what it reads has two columns more, which it does not ask for. So it can be put back at any time.
ALTER TABLE orders ADD COLUMN currency text NOT NULL DEFAULT 'EUR';
ALTER TABLE orders ADD COLUMN rate_ppm integer NOT NULL DEFAULT 1000000;
