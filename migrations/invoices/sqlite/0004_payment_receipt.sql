ALTER TABLE payments ADD COLUMN receipt_at TEXT;
