-- What an API gave to get in with the next time, in place of what the configuration says.

CREATE TABLE ingestion_credentials (
  source text NOT NULL,
  -- Of OAuth 2: another client of the same source has tokens of its own.
  client_id text NOT NULL,
  refresh_token text NOT NULL,
  written_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (source, client_id)
);
