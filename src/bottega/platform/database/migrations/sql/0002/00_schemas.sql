-- What agents keep that is not the shop: runs and their journal, model calls, memory, knowledge.
CREATE SCHEMA runtime;
