-- Only on top of the summary that was condensed ($4): another node may have been quicker.
UPDATE conversations SET sealed_summary = $2, summarised_through = $3
WHERE id = $1 AND summarised_through IS NOT DISTINCT FROM $4
