-- What language models were asked to read and write for each person today; the budget is counted
-- here, so that it holds over all nodes and however many questions are asked at once.
CREATE TABLE token_usage (
    user_id uuid PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    day     bigint NOT NULL, -- since 1970-01-01, UTC
    tokens  bigint NOT NULL CHECK (tokens >= 0)
);
