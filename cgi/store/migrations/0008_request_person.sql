-- Schema 8. Requests of a person, in the order of their ids. With the state in it, every confirmation took an entry out of this
-- index and put one in, a page more to be written for each; a person has a few requests, and nothing asks for more.
DROP INDEX request_person;
CREATE INDEX request_person ON request (person_id);
