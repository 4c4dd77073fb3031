-- Products, orders, and the outbox: the list of orders that still need the worker, written in the same transaction as the order's state.

CREATE TABLE product (
    sku          integer PRIMARY KEY,
    name         text    NOT NULL,
    price_cents  integer NOT NULL CHECK (price_cents > 0)
);

CREATE TABLE orders (
    id           uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    idempotency_key text NOT NULL UNIQUE,   -- of the shopper: the same key is the same order, however often it is asked for
    fingerprint  text NOT NULL,             -- of the cart: the same key with another cart is a mistake, and refused
    items        jsonb NOT NULL,
    total_cents  integer NOT NULL CHECK (total_cents > 0),
    card         text NOT NULL,             -- the provider's token, never a number
    state        text NOT NULL DEFAULT 'pending'
                 CHECK (state IN ('pending', 'paid', 'pay_later', 'fulfilled', 'declined', 'abandoned')),
    payment_id   text,                      -- the provider's charge
    version      text NOT NULL,             -- the release that took the order
    created_at   timestamptz NOT NULL DEFAULT now(),
    changed_at   timestamptz NOT NULL DEFAULT now()
);
-- What the sweep looks for: orders whose payment nobody wrote down.
CREATE INDEX orders_pending ON orders (changed_at) WHERE state = 'pending';

CREATE TABLE outbox (
    order_id     uuid PRIMARY KEY REFERENCES orders (id),
    kind         text NOT NULL CHECK (kind IN ('paid', 'pay_later')),
    created_at   timestamptz NOT NULL DEFAULT now(),
    due_at       timestamptz NOT NULL DEFAULT now(),  -- handed out again when it is still here then: a queue that forgets loses nothing
    attempts     integer NOT NULL DEFAULT 0,
    message      text NOT NULL,                       -- what goes into the queue for it, as the release that took the order wrote it
    failures     integer NOT NULL DEFAULT 0,          -- how often the worker could not handle that message
    trace        text NOT NULL DEFAULT ''             -- context (W3C traceparent) of the request that it came by
);
CREATE INDEX outbox_due ON outbox (due_at);
CREATE INDEX outbox_message ON outbox (message);

-- Dead letters: messages that the worker could not handle, each with the reason. Nothing takes one out but a person (replay.sh).
CREATE TABLE parked (
    order_id     uuid PRIMARY KEY REFERENCES orders (id),
    kind         text NOT NULL,
    message      text NOT NULL,
    trace        text NOT NULL,
    reason       text NOT NULL,
    created_at   timestamptz NOT NULL,                -- when it went into the outbox
    parked_at    timestamptz NOT NULL DEFAULT now()
);

-- What a release may change without new code. `before` is what it was until the last change: the way back.
CREATE TABLE setting (
    name         text PRIMARY KEY,
    value        text NOT NULL,
    before       text NOT NULL
);
INSERT INTO setting (name, value, before) VALUES
    ('handling', '0', '0'),     -- what an order costs beside its items, in cents
    ('offer', 'off', 'off');    -- the offer of the opening week

INSERT INTO product (sku, name, price_cents)
SELECT sku, names.name, 300 + (sku * 137) % 4700
FROM unnest(ARRAY[
    'Kettle', 'Teapot', 'Mug', 'Bread knife', 'Cutting board', 'Colander', 'Whisk', 'Ladle', 'Salt cellar', 'Pepper mill',
    'Apron', 'Tea towel', 'Oven glove', 'Cake tin', 'Rolling pin', 'Grater', 'Peeler', 'Tongs', 'Sieve', 'Scales',
    'Pan', 'Pot', 'Lid', 'Casserole', 'Bowl', 'Plate', 'Fork', 'Spoon', 'Glass', 'Carafe',
    'Corkscrew', 'Tray', 'Candle', 'Napkin', 'Basket', 'Jar', 'Funnel', 'Timer', 'Mortar', 'Pestle'
]) WITH ORDINALITY AS names (name, sku);
