-- Open issues by label, and since when the oldest one waits. Pull requests are issues too, and left out here.
SELECT label ->> 'name' AS label, count(*) AS open, min(occurred_at)::date AS oldest
FROM github.issues, jsonb_array_elements(data -> 'labels') AS label
WHERE data ->> 'state' = 'open' AND data -> 'pull_request' IS NULL
GROUP BY 1
ORDER BY open DESC, label;
