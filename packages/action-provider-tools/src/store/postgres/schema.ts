/**
 * The migrations: each version adds to the one before, and the table `schema_version` counts those that a
 * database has. A released migration never changes. Instances of the version before may still run, so a
 * migration only adds; what is no longer used is removed at least one version later (docs/deployment.md).
 * Everything is in a schema of its own, so that other programs can share the database.
 *
 * Times are `double precision` milliseconds since 1970, as in JavaScript. There are no foreign keys: whatever
 * belongs to an action is written and removed in the same statement as the action.
 */
export const VERSIONS: readonly string[] = [
  `
-- What was asked for. Its primary key decides which request is the first of its kind.
CREATE TABLE action_provider.requests (
  request_key uuid PRIMARY KEY,
  action_id uuid NOT NULL,
  content_hash bytea NOT NULL,
  request text NOT NULL
);

-- What has become of it. Room is left in each page, so that progress is written without touching an index.
CREATE TABLE action_provider.actions (
  action_id uuid PRIMARY KEY,
  request_key uuid NOT NULL,
  provider text COLLATE "C" NOT NULL,
  creator_id text COLLATE "C" NOT NULL,
  monitor_by text NOT NULL,
  manage_by text NOT NULL,
  status smallint NOT NULL,
  document text NOT NULL,
  version integer NOT NULL,
  attempt integer NOT NULL,
  runs_on text,
  cancel_requested_at double precision,
  deadline_at double precision,
  release_at double precision
) WITH (fillfactor = 85);

CREATE INDEX actions_by_deadline ON action_provider.actions (provider, deadline_at)
  WHERE status < 2 AND deadline_at IS NOT NULL;
CREATE INDEX actions_by_cancel ON action_provider.actions (provider, cancel_requested_at)
  WHERE status < 2 AND cancel_requested_at IS NOT NULL;
CREATE INDEX actions_by_release ON action_provider.actions (release_at) WHERE release_at IS NOT NULL;

-- Who may see it in which role: a list is a walk along this key from its newest end, however many actions there are.
CREATE TABLE action_provider.access (
  provider text COLLATE "C" NOT NULL,
  role smallint NOT NULL,
  principal bytea NOT NULL,
  status smallint NOT NULL,
  action_id uuid NOT NULL,
  release_at double precision,
  PRIMARY KEY (provider, role, principal, status, action_id)
);

CREATE TABLE action_provider.log (
  action_id uuid NOT NULL,
  time double precision NOT NULL,
  number bigint GENERATED ALWAYS AS IDENTITY,
  entry text NOT NULL,
  PRIMARY KEY (action_id, time, number)
);

CREATE TABLE action_provider.secrets (
  action_id uuid PRIMARY KEY,
  secret bytea NOT NULL
);

-- Work that is to be done: nobody's when it has no holder, anybody's when its lease is over.
CREATE TABLE action_provider.jobs (
  action_id uuid PRIMARY KEY,
  provider text COLLATE "C" NOT NULL,
  due_at double precision NOT NULL,
  holder text,
  lease_until double precision
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);

CREATE INDEX jobs_by_due ON action_provider.jobs (provider, due_at) WHERE holder IS NULL;
CREATE INDEX jobs_by_lease ON action_provider.jobs (provider, lease_until) WHERE holder IS NOT NULL;

-- How many actions there are, kept as they change: counting two million rows would take too long. Each database
-- connection adds to a row of its own (but for chance), so that nobody waits for another; the sum is the count.
CREATE TABLE action_provider.tallies (
  provider text COLLATE "C" NOT NULL,
  shard smallint NOT NULL,
  active bigint NOT NULL,
  inactive bigint NOT NULL,
  succeeded bigint NOT NULL,
  failed bigint NOT NULL,
  PRIMARY KEY (provider, shard)
) WITH (fillfactor = 20);
`,

  // Each time a job is taken, its lease number rises. An action has the lease of its latest attempt, and the
  // number of that attempt's last report.
  `ALTER TABLE action_provider.jobs ADD COLUMN lease integer NOT NULL DEFAULT 0;
ALTER TABLE action_provider.actions ADD COLUMN lease integer NOT NULL DEFAULT 0;
ALTER TABLE action_provider.actions ADD COLUMN report integer NOT NULL DEFAULT 0;`,

  // Failures, which limit retries, who canceled or resumed an action, and which instance left a job to
  // others.
  `ALTER TABLE action_provider.actions ADD COLUMN failures integer NOT NULL DEFAULT 0;
ALTER TABLE action_provider.actions ADD COLUMN cancel_requested_by text;
ALTER TABLE action_provider.actions ADD COLUMN resumed_by text;
ALTER TABLE action_provider.jobs ADD COLUMN left_by text;`,

  // The caller of a job: callers take turns.
  `ALTER TABLE action_provider.jobs ADD COLUMN caller text COLLATE "C" NOT NULL DEFAULT '';
UPDATE action_provider.jobs j SET caller = a.creator_id FROM action_provider.actions a WHERE a.action_id = j.action_id;
CREATE INDEX jobs_by_caller ON action_provider.jobs (provider, caller, due_at) WHERE holder IS NULL;`,

  // The same name as in the code.
  'ALTER TABLE action_provider.tallies RENAME TO counts',

  // The oldest version whose instances can use the schema. A migration that removes something they use sets
  // it to its own number.
  'ALTER TABLE action_provider.schema_version ADD COLUMN usable_from integer NOT NULL DEFAULT 5',

  // The key by which held jobs are limited, of an action and its job.
  `ALTER TABLE action_provider.actions ADD COLUMN job_key text COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE action_provider.jobs ADD COLUMN key text COLLATE "C" NOT NULL DEFAULT '';
CREATE INDEX jobs_by_queue ON action_provider.jobs (provider, caller, key, due_at) WHERE holder IS NULL;`,

  // The steps and events of unfinished work, and the work version of an action.
  `CREATE TABLE action_provider.steps (
  action_id uuid NOT NULL,
  name text COLLATE "C" NOT NULL,
  sealed bytea NOT NULL,
  PRIMARY KEY (action_id, name)
);
CREATE TABLE action_provider.events (
  action_id uuid NOT NULL,
  event text COLLATE "C" NOT NULL,
  delivery bytea NOT NULL,
  number bigint GENERATED ALWAYS AS IDENTITY,
  sealed bytea NOT NULL,
  PRIMARY KEY (action_id, event, delivery)
);
ALTER TABLE action_provider.actions ADD COLUMN events integer NOT NULL DEFAULT 0, ADD COLUMN work_version text;`,

  // The log in the order of writing, for requests that follow it.
  'CREATE INDEX log_written ON action_provider.log (action_id, number)',

  // The time since which instances have reached the database, by which leases count. The table is unlogged:
  // it is emptied by a crash of the database, and its writes cost no flush of the database's log.
  `CREATE UNLOGGED TABLE action_provider.contact (
  one boolean PRIMARY KEY CHECK (one),
  since double precision NOT NULL,
  seen double precision NOT NULL
) WITH (fillfactor = 20)`,
]
