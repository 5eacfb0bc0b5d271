-- Redis has the result; whoever asks for it within its time finds it there.
UPDATE jobs SET is_report_due = false WHERE id = ANY ($1::uuid[]) AND is_report_due
