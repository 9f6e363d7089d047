-- Schema 7. Events after which a person does not want mail or cannot be reached, in their order: the journal of erasures
-- takes them up within seconds, and must not read all events to find them. The kinds are those of event_departs()
-- (store/event.h); written out, as IN (...) would build a table for each event.
CREATE INDEX event_left ON event (seq, person_id, kind, time_ms)
	WHERE kind = 6 OR kind = 8 OR kind = 10 OR kind = 11 OR kind = 12 OR kind = 13 OR kind = 19;
