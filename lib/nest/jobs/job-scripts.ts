/**
 * The changes of a job record, each in one atomic step, so that processes cannot interfere. Times
 * are from Redis, so there is only one clock. Every change is published.
 *
 * `KEYS[1]` is the record, `ARGV[1]` its id, `ARGV[2]` the channel.
 */

const NOW = `
local time = redis.call('TIME')
local now = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
local function tell(state) redis.call('PUBLISH', ARGV[2], ARGV[1] .. ' ' .. state) end
`;

/**
 * Keeps a finished job for \`ARGV[3]\` ms without its input, and its idempotency key for the same
 * time. Adds a job with a webhook to the list \`KEYS[3]\` in the same step.
 */
const END = `
local function finish(state)
  redis.call('HSET', KEYS[1], 'state', state, 'finished', now, 'expires', string.format('%.0f', now + ARGV[3]))
  redis.call('HDEL', KEYS[1], 'input')
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
  local key = redis.call('HGET', KEYS[1], 'key')
  if key then redis.call('PEXPIRE', KEYS[2] .. key, ARGV[3]) end
  if redis.call('HEXISTS', KEYS[1], 'webhook') == 1 then
    redis.call('ZADD', KEYS[3], now, ARGV[1])
    redis.call('ZREMRANGEBYRANK', KEYS[3], 0, -100001)
  end
  tell(state)
end
`;

/** The small fields of a record, in the order in which they are read. */
export const FIELDS = [
  'name',
  'state',
  'created',
  'started',
  'finished',
  'expires',
  'progress',
  'pieces',
  'attempts',
  'caller',
  'error',
  'webhook',
] as const;

const SMALL = 65_536;

export const JOB_SCRIPTS = {
  /**
   * Creates a record, unless its idempotency key has one. `KEYS[2]` is the key, and `KEYS[3]` the
   * prefix of ids. `ARGV[3]` is the time to live, and `ARGV[4]` the digest of the request; it is ''
   * without a key.
   */
  vtsJobSubmit: {
    numberOfKeys: 3,
    lua: `${NOW}
if ARGV[4] ~= '' then
  local known = redis.call('GET', KEYS[2])
  if known then
    local id, digest = string.match(known, '^(%S+) (%S+)$')
    if id and redis.call('EXISTS', KEYS[3] .. id) == 1 then return {'known', id, digest} end
  end
  redis.call('SET', KEYS[2], ARGV[1] .. ' ' .. ARGV[4], 'PX', ARGV[3])
end
redis.call('HSET', KEYS[1], 'state', 'queued', 'created', now, unpack(ARGV, 5))
redis.call('PEXPIRE', KEYS[1], ARGV[3])
tell('queued')
return {'made', ARGV[1], now}`,
  },
  /** Removes a record whose job could not be put into the queue. */
  vtsJobForget: { numberOfKeys: 1, lua: `return redis.call('DEL', KEYS[1])` },
  vtsJobRead: {
    numberOfKeys: 1,
    lua: `
local found = redis.call('HMGET', KEYS[1], unpack(ARGV, 3))
for i, value in ipairs(found) do
  if value and #value > ${SMALL} then found[i] = 'too long' end
end
return found`,
  },
  /** The result, if it is not larger than `ARGV[3]`. */
  vtsJobResult: {
    numberOfKeys: 1,
    lua: `
if redis.call('HSTRLEN', KEYS[1], 'result') > tonumber(ARGV[3]) then return {'large'} end
if redis.call('HSTRLEN', KEYS[1], 'resultType') > 1000 then return {'large'} end
return {'result', unpack(redis.call('HMGET', KEYS[1], 'resultType', 'resultText', 'result'), 1, 3)}`,
  },
  /**
   * A worker takes the job. `ARGV[3]` is the time to live from now, `ARGV[4]` the limit on the
   * input's bytes, `ARGV[5]` the limit on runs.
   */
  vtsJobBegin: {
    numberOfKeys: 1,
    lua: `${NOW}
local state = redis.call('HGET', KEYS[1], 'state')
if not state then return {'gone'} end
if state ~= 'queued' and state ~= 'running' then return {'ended'} end
local attempts = redis.call('HINCRBY', KEYS[1], 'attempts', 1)
if attempts > tonumber(ARGV[5]) then return {'lost', tostring(attempts - 1)} end
redis.call('HSET', KEYS[1], 'state', 'running')
redis.call('HSETNX', KEYS[1], 'started', now)
redis.call('PEXPIRE', KEYS[1], ARGV[3])
tell('running')
if redis.call('HSTRLEN', KEYS[1], 'input') > tonumber(ARGV[4]) then return {'large'} end
local found = redis.call('HMGET', KEYS[1], 'name', 'type', 'accept', 'traceparent', 'request', 'input')
for i = 1, 5 do
  if found[i] and #found[i] > 4096 then return {'large'} end
end
found[7] = tostring(attempts)
found[8] = tostring(now - (tonumber(redis.call('HGET', KEYS[1], 'created')) or now))
return {'run', unpack(found, 1, 8)}`,
  },
  /** The result of the first run that ends counts. \`ARGV[4]\` is the state; fields follow. */
  vtsJobFinish: {
    numberOfKeys: 3,
    lua: `${NOW}${END}
local state = redis.call('HGET', KEYS[1], 'state')
if state ~= 'running' and not (state == 'queued' and ARGV[4] == 'failed') then return 0 end
redis.call('HSET', KEYS[1], unpack(ARGV, 5))
finish(ARGV[4])
return 1`,
  },
  vtsJobCancel: {
    numberOfKeys: 3,
    lua: `${NOW}${END}
local state = redis.call('HGET', KEYS[1], 'state')
if state == 'queued' or state == 'running' then finish('cancelled') end
return state`,
  },
  /** The finished jobs without a sent message, oldest first. `KEYS[1]` is their list. */
  vtsJobUntold: {
    numberOfKeys: 1,
    lua: `return redis.call('ZRANGE', KEYS[1], 0, 99)`,
  },
  vtsJobTold: {
    numberOfKeys: 1,
    lua: `return redis.call('ZREM', KEYS[1], ARGV[1])`,
  },
  /** The job waits again; this run does not count. */
  vtsJobRequeue: {
    numberOfKeys: 1,
    lua: `${NOW}
if redis.call('HGET', KEYS[1], 'state') ~= 'running' then return 0 end
redis.call('HSET', KEYS[1], 'state', 'queued')
if ARGV[3] == '1' then redis.call('HINCRBY', KEYS[1], 'attempts', -1) end
tell('queued')
return 1`,
  },
  /** Stores the progress of a run, if given, and returns the state. */
  vtsJobProgress: {
    numberOfKeys: 1,
    lua: `${NOW}
local state = redis.call('HGET', KEYS[1], 'state')
if state == 'running' and ARGV[3] then
  redis.call('HSET', KEYS[1], unpack(ARGV, 3))
  tell(state)
end
return state`,
  },
} as const;
