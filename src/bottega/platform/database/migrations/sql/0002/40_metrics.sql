-- How agents are doing: figures over a window of time, each with its target, and what is told to the staff when one is
-- missed. Everything is computed from the journals; no collector is needed to read it: SELECT * FROM runtime.metrics.

CREATE TABLE runtime.targets (
    metric       text COLLATE "C" PRIMARY KEY,
    meaning      text NOT NULL,
    unit         text NOT NULL,
    direction    text NOT NULL CHECK (direction IN ('at_most', 'at_least')),
    target       double precision,                       -- NULL: measured, and nobody is told
    window_hours integer NOT NULL DEFAULT 24 CHECK (window_hours BETWEEN 1 AND 8784),
    least_sample integer NOT NULL DEFAULT 20 CHECK (least_sample >= 1)
);
INSERT INTO runtime.targets (metric, meaning, unit, direction, target, window_hours, least_sample) VALUES
    ('turn_p50', 'from hearing a message to its answer, half of the turns', 'ms', 'at_most', 3000, 24, 20),
    ('turn_p95', 'from hearing a message to its answer, 19 of 20 turns', 'ms', 'at_most', 15000, 24, 20),
    ('cost_per_task', 'models'' cost of a task, its children included', 'micros', 'at_most', 50000, 24, 20),
    ('cost_drift', 'change of the cost per task against the window before', 'percent', 'at_most', 50, 24, 20),
    ('succeeded', 'tasks that ended well', 'percent', 'at_least', 95, 24, 20),
    ('timeouts', 'calls of models and tools that took too long, per 100 tasks', 'per 100', 'at_most', 2, 24, 20),
    ('provider_failures', 'questions that no model answered, per 100 tasks', 'per 100', 'at_most', 1, 24, 20),
    ('model_refusals', 'questions that a model would not take, per 100 tasks', 'per 100', 'at_most', 2, 24, 20),
    ('invalid_calls', 'decisions with a call that critics objected to, per 100 tasks', 'per 100', 'at_most', 10, 24, 20),
    ('ungrounded', 'replies replaced because no record says so, per 100 tasks', 'per 100', 'at_most', 3, 24, 20),
    ('retold', 'replies told from records alone because somebody else''s text was read, per 100 tasks', 'per 100', 'at_most',
     NULL, 24, 20),
    ('rule_violations', 'calls that policy or guard refused, per 100 tasks', 'per 100', 'at_most', 5, 24, 20),
    ('limits_reached', 'runs that a limit or a circle ended, per 100 tasks', 'per 100', 'at_most', 2, 24, 20),
    ('approvals', 'approvals that agents asked for, per 100 tasks', 'per 100', 'at_most', 20, 168, 20),
    ('wrongly_refused', 'refused calls that a colleague judged to be right to ask for, per 100 tasks', 'per 100', 'at_most', 1,
     168, 20),
    ('interventions', 'conversations taken over by a colleague, per 100 conversations', 'per 100', 'at_most', 15, 24, 20),
    ('takeover_time', 'from taking a conversation over to giving it back, half of them', 'minutes', 'at_most', 60, 168, 5),
    ('approval_wait', 'from asking for an approval to its decision, half of them', 'minutes', 'at_most', 120, 168, 5),
    ('offline_share', 'answers that the offline engine gave although models are set up', 'percent', 'at_most', 20, 24, 20),
    ('memory_hits', 'times that memory had something when it was asked', 'percent', 'at_least', 30, 168, 50),
    ('memory_stale', 'recalled memories that nobody has confirmed for long', 'percent', 'at_most', 25, 168, 50),
    ('documents_fresh', 'current documents whose files were checked in the last two days', 'percent', 'at_least', 95, 24, 1),
    ('oldest_ready', 'age of the oldest run that could go on and does not', 'seconds', 'at_most', 60, 1, 1);

-- What a colleague thinks of a call that was refused.
CREATE TABLE runtime.judgements (
    run_id      text COLLATE "C" NOT NULL REFERENCES runtime.runs ON DELETE CASCADE,
    number      integer NOT NULL,                        -- the step
    call_id     text NOT NULL,
    was_wrong   boolean NOT NULL,                        -- it should have been allowed
    judged_by   text COLLATE "C" NOT NULL,
    judged_at   timestamptz NOT NULL,
    PRIMARY KEY (run_id, number, call_id)
);

-- When a conversation was in a colleague's hands.
CREATE TABLE runtime.takeovers (
    session_id text COLLATE "C" NOT NULL REFERENCES runtime.sessions ON DELETE CASCADE,
    taken_at   timestamptz NOT NULL,
    taken_by   text COLLATE "C" NOT NULL,
    given_back_at timestamptz,
    PRIMARY KEY (session_id, taken_at)
);
CREATE INDEX takeovers_taken_at ON runtime.takeovers (taken_at);

-- Missed targets: one row from when a figure was found to miss its target until it meets it again.
CREATE TABLE runtime.alerts (
    id       text COLLATE "C" PRIMARY KEY,
    metric   text COLLATE "C" NOT NULL,
    value    double precision NOT NULL,
    target   double precision NOT NULL,
    began_at timestamptz NOT NULL,
    seen_at  timestamptz NOT NULL,                       -- last measured to be so
    seen_by  text COLLATE "C",                           -- the colleague who has taken note
    ended_at timestamptz
);
CREATE UNIQUE INDEX alerts_open ON runtime.alerts (metric) WHERE ended_at IS NULL;

-- Calls that did not happen: who refused them and why, for colleagues to judge.
CREATE VIEW runtime.refusals AS
SELECT s.run_id, s.number, v ->> 'call_id' AS call_id, r.role, v ->> 'tool' AS tool, v ->> 'critic' AS refused_by,
       v ->> 'code' AS code, v ->> 'message' AS message, s.began_at
FROM runtime.steps s
JOIN runtime.runs r ON r.id = s.run_id
CROSS JOIN jsonb_array_elements(s.detail -> 'verdicts') AS v
WHERE s.phase = 'decide' AND s.fault IN ('invalid_call', 'rule_violation') AND v ->> 'verdict' = 'objection'
  AND v ->> 'critic' IN ('provenance', 'policy', 'handles', 'confirmation')
UNION ALL
SELECT s.run_id, s.number, s.detail -> 'call' ->> 'id', r.role, s.name, s.detail -> 'outcome' ->> 'by',
       s.detail -> 'outcome' ->> 'code', s.detail -> 'outcome' ->> 'message', s.began_at
FROM runtime.steps s
JOIN runtime.runs r ON r.id = s.run_id
WHERE s.phase = 'act' AND s.fault = 'rule_violation' AND s.detail ? 'call';

-- One window of time. A task is a run that nobody's run has started: a turn or a piece of back-office work.
CREATE FUNCTION runtime.measured(from_at timestamptz, until_at timestamptz)
RETURNS TABLE (metric text, value double precision, sample bigint) LANGUAGE sql STABLE AS $$
    WITH tasks AS (
        SELECT r.id, r.state, r.failure, r.session_id, r.cost_micros,
               extract(epoch FROM r.answered_at - r.created_at) * 1000 AS milliseconds
        FROM runtime.runs r
        WHERE r.created_at >= from_at AND r.created_at < until_at AND r.parent_ids = '{}'
    ), counted AS (
        SELECT count(*) AS tasks FROM tasks
    ), costs AS (
        SELECT t.id, t.cost_micros + coalesce((
            SELECT sum(c.cost_micros) FROM runtime.runs c
            WHERE c.parent_ids <> '{}' AND c.parent_ids[cardinality(c.parent_ids)] = t.id), 0) AS cost_micros
        FROM tasks t
    ), faults AS (
        SELECT f.metric, count(s.*) AS number
        FROM (VALUES ('timeouts', '{timeout}'::text[]), ('provider_failures', '{provider,no_model_answered}'),
                     ('model_refusals', '{refused}'), ('invalid_calls', '{invalid_call}'),
                     ('ungrounded', '{ungrounded,unproven_claim}'), ('retold', '{third_party_words}'),
                     ('rule_violations', '{rule_violation}'),
                     ('limits_reached', '{limit,loop}')) AS f (metric, faults)
        LEFT JOIN runtime.steps s ON s.fault = ANY (f.faults) AND s.began_at >= from_at AND s.began_at < until_at
             AND (s.phase <> 'log' OR f.metric IN ('ungrounded', 'retold'))
        GROUP BY f.metric
    ), asked AS (
        SELECT a.state, extract(epoch FROM a.decided_at - a.requested_at) / 60 AS minutes
        FROM log.approvals a
        WHERE a.because LIKE 'run:%' AND a.requested_at >= from_at AND a.requested_at < until_at
    ), conversations AS (
        SELECT count(DISTINCT t.session_id) AS number FROM runtime.turns t
        WHERE t.asked_at >= from_at AND t.asked_at < until_at
    ), answers AS (
        SELECT count(*) AS number, count(*) FILTER (WHERE c.level = 'offline') AS offline,
               bool_or(c.level <> 'offline') OR bool_or(jsonb_array_length(c.attempts) > 1) AS has_models
        FROM runtime.model_calls c
        WHERE c.outcome = 'answered' AND c.began_at >= from_at AND c.began_at < until_at
    ), remembered AS (
        SELECT coalesce(sum(m.asked), 0) AS asked, coalesce(sum(m.hits), 0) AS hits, coalesce(sum(m.stale), 0) AS stale
        FROM runtime.memory_use m WHERE m.day >= from_at::date AND m.day <= until_at::date
    ), documents AS (
        SELECT count(*) AS number, count(*) FILTER (WHERE d.checked_at > until_at - interval '2 days') AS fresh
        FROM runtime.documents d WHERE d.state = 'current'
    ), waiting AS (
        SELECT count(*) AS number, extract(epoch FROM until_at - min(r.created_at)) AS seconds
        FROM runtime.runs r WHERE r.state = 'ready' AND r.created_at < until_at
    )
    SELECT 'turn_p50', percentile_cont(0.5) WITHIN GROUP (ORDER BY t.milliseconds), count(*)
    FROM tasks t WHERE t.session_id IS NOT NULL AND t.milliseconds IS NOT NULL
    UNION ALL
    SELECT 'turn_p95', percentile_cont(0.95) WITHIN GROUP (ORDER BY t.milliseconds), count(*)
    FROM tasks t WHERE t.session_id IS NOT NULL AND t.milliseconds IS NOT NULL
    UNION ALL SELECT 'cost_per_task', avg(c.cost_micros)::double precision, count(*) FROM costs c
    UNION ALL
    SELECT 'succeeded', 100.0 * count(*) FILTER (WHERE t.state = 'done') / nullif(count(*), 0), count(*)
    FROM tasks t WHERE t.state IN ('done', 'failed')
    UNION ALL SELECT f.metric, 100.0 * f.number / nullif(c.tasks, 0), c.tasks FROM faults f, counted c
    UNION ALL
    SELECT 'approvals', 100.0 * (SELECT count(*) FROM asked) / nullif(c.tasks, 0), c.tasks FROM counted c
    UNION ALL
    SELECT 'wrongly_refused', 100.0 * (
        SELECT count(*) FROM runtime.judgements j JOIN tasks t ON t.id = j.run_id WHERE j.was_wrong
    ) / nullif(c.tasks, 0), c.tasks FROM counted c
    UNION ALL
    SELECT 'interventions', 100.0 * (
        SELECT count(DISTINCT h.session_id) FROM runtime.takeovers h WHERE h.taken_at >= from_at AND h.taken_at < until_at
    ) / nullif(c.number, 0), c.number FROM conversations c
    UNION ALL
    SELECT 'takeover_time', percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM h.given_back_at - h.taken_at) / 60),
           count(*)
    FROM runtime.takeovers h WHERE h.given_back_at >= from_at AND h.given_back_at < until_at
    UNION ALL
    SELECT 'approval_wait', percentile_cont(0.5) WITHIN GROUP (ORDER BY a.minutes), count(*)
    FROM asked a WHERE a.minutes IS NOT NULL
    UNION ALL
    SELECT 'offline_share', CASE WHEN a.has_models THEN 100.0 * a.offline / nullif(a.number, 0) END, a.number FROM answers a
    UNION ALL SELECT 'memory_hits', 100.0 * r.hits / nullif(r.asked, 0), r.asked FROM remembered r
    UNION ALL SELECT 'memory_stale', 100.0 * r.stale / nullif(r.hits, 0), r.hits FROM remembered r
    UNION ALL SELECT 'documents_fresh', 100.0 * d.fresh / nullif(d.number, 0), d.number FROM documents d
    UNION ALL SELECT 'oldest_ready', coalesce(w.seconds, 0), greatest(w.number, 1) FROM waiting w
$$;

-- Every metric over its own window ending at a moment, beside the window before and its target.
CREATE FUNCTION runtime.metrics_at(moment timestamptz)
RETURNS TABLE (metric text, meaning text, unit text, value double precision, before double precision, sample bigint,
               direction text, target double precision, window_hours integer, is_missed boolean)
LANGUAGE sql STABLE AS $$
    WITH windows AS (
        SELECT DISTINCT t.window_hours AS hours FROM runtime.targets t
    ), now_and_before AS (
        SELECT w.hours, m.metric, m.value, m.sample, b.value AS before, b.sample AS sample_before
        FROM windows w
        CROSS JOIN LATERAL runtime.measured(moment - w.hours * interval '1 hour', moment) AS m
        JOIN LATERAL runtime.measured(
            moment - 2 * w.hours * interval '1 hour', moment - w.hours * interval '1 hour') AS b ON b.metric = m.metric
    ), figures AS (
        SELECT n.hours, n.metric, n.value, n.before, n.sample FROM now_and_before n
        UNION ALL
        SELECT n.hours, 'cost_drift', 100.0 * (n.value - n.before) / nullif(n.before, 0), NULL,
               least(n.sample, n.sample_before)
        FROM now_and_before n WHERE n.metric = 'cost_per_task'
    )
    SELECT t.metric, t.meaning, t.unit, f.value, f.before, coalesce(f.sample, 0), t.direction, t.target, t.window_hours,
           coalesce(f.sample >= t.least_sample AND CASE t.direction WHEN 'at_most' THEN f.value > t.target
                                                                     ELSE f.value < t.target END, false)
    FROM runtime.targets t
    LEFT JOIN figures f ON f.metric = t.metric AND f.hours = t.window_hours
    ORDER BY t.metric
$$;

CREATE VIEW runtime.metrics AS SELECT * FROM runtime.metrics_at(now());
