-- Paid orders by month and currency.
SELECT date_trunc('month', occurred_at AT TIME ZONE 'UTC')::date AS month, currency,
  count(*) AS orders, sum(total) AS revenue
FROM analytics.orders
WHERE paid_at IS NOT NULL
GROUP BY 1, 2
ORDER BY 1, 2;
