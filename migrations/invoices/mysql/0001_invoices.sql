CREATE TABLE customers (
    id BINARY(16) PRIMARY KEY,
    owner VARCHAR(255) NOT NULL,
    name VARCHAR(200) NOT NULL,
    email VARCHAR(254) NOT NULL,
    created_at DATETIME(6) NOT NULL,
    UNIQUE (owner, email)
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
CREATE INDEX customers_by_name ON customers (owner, name, id);

CREATE TABLE invoices (
    id BINARY(16) PRIMARY KEY,
    owner VARCHAR(255) NOT NULL,
    customer_id BINARY(16) NOT NULL,
    number VARCHAR(64) NOT NULL,
    status VARCHAR(16) NOT NULL CHECK (status IN ('draft', 'sent', 'paid', 'void')),
    amount_cents BIGINT NOT NULL CHECK (amount_cents > 0),
    paid_cents BIGINT NOT NULL DEFAULT 0,
    due_on DATE NOT NULL,
    sent_at DATETIME(6),
    created_at DATETIME(6) NOT NULL,
    UNIQUE (owner, number),
    CHECK (paid_cents BETWEEN 0 AND amount_cents),
    FOREIGN KEY (customer_id) REFERENCES customers (id)
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
CREATE INDEX invoices_by_creation ON invoices (owner, created_at, id);
CREATE INDEX invoices_by_amount ON invoices (owner, amount_cents, id);
CREATE INDEX invoices_by_due_date ON invoices (owner, due_on, id);
CREATE INDEX invoices_by_customer ON invoices (customer_id, status);

CREATE TABLE invoice_lines (
    invoice_id BINARY(16) NOT NULL,
    position INTEGER NOT NULL,
    description TEXT NOT NULL,
    quantity INTEGER NOT NULL CHECK (quantity > 0),
    unit_cents BIGINT NOT NULL CHECK (unit_cents > 0),
    PRIMARY KEY (invoice_id, position),
    FOREIGN KEY (invoice_id) REFERENCES invoices (id) ON DELETE CASCADE
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE payments (
    id BINARY(16) PRIMARY KEY,
    invoice_id BINARY(16) NOT NULL,
    amount_cents BIGINT NOT NULL CHECK (amount_cents > 0),
    note TEXT,
    received_at DATETIME(6) NOT NULL,
    FOREIGN KEY (invoice_id) REFERENCES invoices (id)
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
CREATE INDEX payments_by_invoice ON payments (invoice_id, received_at);
