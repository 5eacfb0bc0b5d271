-- The words of what is sought in the library, not keyed yet; quotes, OR and - mean what people expect.
SELECT websearch_to_tsquery('english', $1)::text
