CREATE TABLE customers (
    id UUID PRIMARY KEY,
    owner TEXT NOT NULL,
    name TEXT NOT NULL,
    email TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    UNIQUE (owner, email)
);
CREATE INDEX customers_by_name ON customers (owner, name, id);

CREATE TABLE invoices (
    id UUID PRIMARY KEY,
    owner TEXT NOT NULL,
    customer_id UUID NOT NULL REFERENCES customers (id),
    number TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('draft', 'sent', 'paid', 'void')),
    amount_cents BIGINT NOT NULL CHECK (amount_cents > 0),
    paid_cents BIGINT NOT NULL DEFAULT 0 CHECK (paid_cents BETWEEN 0 AND amount_cents),
    due_on DATE NOT NULL,
    sent_at TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL,
    UNIQUE (owner, number)
);
CREATE INDEX invoices_by_creation ON invoices (owner, created_at, id);
CREATE INDEX invoices_by_amount ON invoices (owner, amount_cents, id);
CREATE INDEX invoices_by_due_date ON invoices (owner, due_on, id);
CREATE INDEX invoices_by_customer ON invoices (customer_id, status);

CREATE TABLE invoice_lines (
    invoice_id UUID NOT NULL REFERENCES invoices (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    description TEXT NOT NULL,
    quantity INTEGER NOT NULL CHECK (quantity > 0),
    unit_cents BIGINT NOT NULL CHECK (unit_cents > 0),
    PRIMARY KEY (invoice_id, position)
);

CREATE TABLE payments (
    id UUID PRIMARY KEY,
    invoice_id UUID NOT NULL REFERENCES invoices (id),
    amount_cents BIGINT NOT NULL CHECK (amount_cents > 0),
    note TEXT,
    received_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX payments_by_invoice ON payments (invoice_id, received_at);
