/**
 * The migrations: each version adds to the one before, and `user_version` counts those that a database has. A
 * released migration never changes.
 *
 * All tables of an action share a number, its rowid, which keeps rows and indexes small. Keys are bytes.
 * Every query has an index. Indexes of rare states are partial, so that no cost grows with the number of
 * actions.
 */
export const VERSIONS: readonly string[] = [
  `CREATE TABLE providers (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);

  CREATE TABLE actions (
    number INTEGER PRIMARY KEY,
    action_id BLOB NOT NULL UNIQUE,
    request_key BLOB NOT NULL UNIQUE,
    content_hash BLOB NOT NULL,
    provider INTEGER NOT NULL,
    status INTEGER NOT NULL,
    version INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    log_length INTEGER NOT NULL,
    creator_id TEXT NOT NULL,
    monitor_by TEXT,
    manage_by TEXT,
    runs_on TEXT,
    cancel_requested_at INTEGER,
    deadline_at INTEGER,
    release_at INTEGER,
    document TEXT NOT NULL
  );
  CREATE INDEX actions_deadline ON actions (provider, deadline_at) WHERE status < 2 AND deadline_at IS NOT NULL;
  CREATE INDEX actions_cancel ON actions (provider, cancel_requested_at)
    WHERE status < 2 AND cancel_requested_at IS NOT NULL;
  CREATE INDEX actions_release ON actions (release_at) WHERE release_at IS NOT NULL;

  CREATE TABLE access (
    provider INTEGER NOT NULL,
    role INTEGER NOT NULL,
    principal BLOB NOT NULL,
    status INTEGER NOT NULL,
    action_id BLOB NOT NULL,
    number INTEGER NOT NULL,
    PRIMARY KEY (provider, role, principal, status, action_id)
  ) WITHOUT ROWID;

  CREATE TABLE counts (
    provider INTEGER NOT NULL,
    status INTEGER NOT NULL,
    actions INTEGER NOT NULL,
    PRIMARY KEY (provider, status)
  ) WITHOUT ROWID;

  CREATE TABLE requests (number INTEGER PRIMARY KEY, request TEXT NOT NULL);
  CREATE TABLE secrets (number INTEGER PRIMARY KEY, secret BLOB NOT NULL);

  CREATE TABLE log (
    number INTEGER NOT NULL,
    time INTEGER NOT NULL,
    position INTEGER NOT NULL,
    entry TEXT NOT NULL,
    PRIMARY KEY (number, time, position)
  ) WITHOUT ROWID;

  CREATE TABLE jobs (
    number INTEGER PRIMARY KEY,
    provider INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    taken_by TEXT,
    taken_until INTEGER
  );
  CREATE INDEX jobs_waiting ON jobs (provider, due_at) WHERE taken_by IS NULL;
  CREATE INDEX jobs_taken ON jobs (provider, taken_until) WHERE taken_by IS NOT NULL;`,

  // Each time a job is taken, its lease number rises. An action has the lease of its latest attempt, and the
  // number of that attempt's last report.
  `ALTER TABLE jobs RENAME COLUMN taken_by TO holder;
  ALTER TABLE jobs RENAME COLUMN taken_until TO lease_until;
  ALTER TABLE jobs ADD COLUMN lease INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE actions ADD COLUMN lease INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE actions ADD COLUMN report INTEGER NOT NULL DEFAULT 0;`,

  // Failures, which limit retries, and who canceled or resumed an action.
  `ALTER TABLE actions ADD COLUMN failures INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE actions ADD COLUMN cancel_requested_by TEXT;
  ALTER TABLE actions ADD COLUMN resumed_by TEXT;`,

  // The caller of a job: callers take turns.
  `ALTER TABLE jobs ADD COLUMN caller TEXT NOT NULL DEFAULT '';
  UPDATE jobs SET caller = (SELECT creator_id FROM actions WHERE actions.number = jobs.number);
  CREATE INDEX jobs_by_caller ON jobs (provider, caller, due_at) WHERE holder IS NULL;`,

  // The key by which held jobs are limited, of an action and its job.
  `ALTER TABLE actions ADD COLUMN job_key TEXT NOT NULL DEFAULT '';
  ALTER TABLE jobs ADD COLUMN key TEXT NOT NULL DEFAULT '';
  CREATE INDEX jobs_by_queue ON jobs (provider, caller, key, due_at) WHERE holder IS NULL;`,

  // The steps and events of unfinished work, and the work version of an action.
  `CREATE TABLE steps (
    number INTEGER NOT NULL,
    name TEXT NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (number, name)
  ) WITHOUT ROWID;
  CREATE TABLE events (
    number INTEGER NOT NULL,
    event TEXT NOT NULL,
    delivery BLOB NOT NULL,
    position INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (number, event, delivery)
  ) WITHOUT ROWID;
  ALTER TABLE actions ADD COLUMN events INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE actions ADD COLUMN work_version TEXT;`,

  // The log in the order of writing, for requests that follow it.
  'CREATE INDEX log_written ON log (number, position)',
]
