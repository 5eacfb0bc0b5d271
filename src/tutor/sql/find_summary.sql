-- What was said before the turns that are sent whole.
SELECT sealed_summary, summarised_through FROM conversations WHERE id = $1
