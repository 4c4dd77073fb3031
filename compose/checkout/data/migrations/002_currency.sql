-- Expand: every order has a currency. The release before this one goes on writing orders without naming it, and gets the default;
-- what it reads has a column more, which it does not ask for. So it can be put back at any time.
ALTER TABLE orders ADD COLUMN currency text NOT NULL DEFAULT 'EUR';
