CREATE SCHEMA analytics;

CREATE TABLE analytics.orders (
  id          bigint PRIMARY KEY,
  occurred_at timestamptz,
  customer    text,
  currency    char(3),
  total       numeric(12, 2) CHECK (total >= 0),
  paid_at     timestamptz,
  is_gift     boolean,
  lines       jsonb,
  -- The record as the API sent it.
  data        jsonb NOT NULL
);

CREATE INDEX orders_by_customer ON analytics.orders (customer, occurred_at);
