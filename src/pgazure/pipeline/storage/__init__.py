"""Where a pipeline lives in the database: schema, triggers, queue, result tables, and the SQL that reaches them."""
