-- Placeholder: the merge replaces it.
SELECT 1;
