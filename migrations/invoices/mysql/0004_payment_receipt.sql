ALTER TABLE payments ADD COLUMN receipt_at DATETIME(6);
