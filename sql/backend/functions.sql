-- name: call_function
-- One call of a function; its result as JSON, so that a composite type is read by the order of its fields.
SELECT to_json({function}({arguments})) AS result;

-- name: call_set_function
-- One call of a set-returning function; its rows as JSON, in its order.
-- A function in the select list gives NULL for a missing composite, in FROM a row of NULLs.
SELECT to_json(found.result) AS result
FROM (SELECT {function}({arguments}) AS result) AS found;

-- name: call_plain_function
-- One call of a function whose result is no composite type, or a set of them, in its order.
SELECT {function}({arguments}) AS result;

-- name: call_table_function
-- One call of a function that returns rows, in its order; each row as a JSON array of its columns.
SELECT to_json(found) AS result
FROM {function}({arguments}) AS found;
