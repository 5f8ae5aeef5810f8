-- $1 number of the backend
SELECT sealgate.hurry_repairs($1::smallint) AS hurried
