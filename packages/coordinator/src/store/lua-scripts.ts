import { viewLimits } from "@rollcall/core/view";

/**
 * `announce(channel, message, kind)`: on the sharded channel where `kind` is 'sharded'. Where that is refused, as where
 * the user lost the permission, and for any other kind, on the classic one, which every process receives too.
 */
const announce = `
local function announce(channel, message, kind)
  if kind == 'sharded' then
    local answer = redis.pcall('SPUBLISH', channel, message)
    if type(answer) ~= 'table' or not answer.err then
      return
    end
  end
  redis.call('PUBLISH', channel, message)
end
`;

/**
 * The scripts that write a view, as Lua source: part of the code, so that a bundler takes them along.
 *
 * Each checks the lease and writes in one step, so no write of an older lease gets through. A key of another type was
 * not written by Rollcall: `pcall` reads it as if it were absent.
 */
export const luaScripts = {
  acquire: {
    numberOfKeys: 2,
    lua: `
-- Takes the lease, with an epoch above every one that was ever given out or seen.
--
-- KEYS  lease, epoch
-- ARGV  leader, leaseMs, floorMs, ordinal (0 to 999), aheadMaxMs
-- Returns the epoch as text, or false if another leader holds the lease.

local leader, leaseMs, floorMs, ordinal, aheadMaxMs = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])

local function text(key)
  local value = redis.pcall('GET', key)
  return type(value) == 'string' and value or nil
end

-- A lease without an expiry, or with a far later one than any that we write, excludes every leader until then: another
-- client has written it, or the clock of Redis was set back. Twice the span, so that a small step changes no leader.
local holder = text(KEYS[1])
local expiresInMs = redis.call('PTTL', KEYS[1])
if holder and holder ~= leader and expiresInMs >= 0 and expiresInMs <= 2 * tonumber(leaseMs) then
  return false
end

local time = redis.call('TIME')
local nowMs = time[1] * 1000 + math.floor(time[2] / 1000)
local aheadMs = nowMs + aheadMaxMs

local storedMs = math.floor((tonumber(text(KEYS[2]) or '') or 0) / 1000)
-- An epoch that no clock can have made. This comparison also excludes NaN.
if not (storedMs >= 0 and storedMs <= aheadMs) then
  storedMs = 0
end
if not (floorMs >= 0 and floorMs <= aheadMs) then
  floorMs = 0
end

local epochMs = math.max(nowMs, storedMs + 1, floorMs + 1)
-- As text: a number in a reply, and Lua's default format, would lose digits.
local epoch = string.format('%.0f', epochMs * 1000 + ordinal)
redis.call('SET', KEYS[2], epoch)
redis.call('SET', KEYS[1], leader, 'PX', leaseMs)
return epoch
`,
  },

  renew: {
    numberOfKeys: 5,
    lua: `
-- Extends the lease and, once something was published under it, publishes a beat.
--
-- KEYS  lease, epoch, head, topology, marks
-- ARGV  leader, epoch, leaseMs, head without its time ('' before the first publication), events channel,
--       text before and after the head in an event, bytes of topology and of marks as they were published, SHA-1 of
--       topology and of marks, kind of channel
-- Returns 'kept', 'lost' or 'incomplete'.
${announce}
if redis.pcall('GET', KEYS[1]) ~= ARGV[1] or redis.pcall('GET', KEYS[2]) ~= ARGV[2] then
  return 'lost'
end
redis.call('PEXPIRE', KEYS[1], ARGV[3])
if ARGV[4] == '' then
  return 'kept'
end
-- Deleted, or overwritten by another client.
local function isThere(key, bytes, sha1)
  return redis.pcall('STRLEN', key) == tonumber(bytes) and redis.sha1hex(redis.call('GET', key)) == sha1
end
if not isThere(KEYS[4], ARGV[8], ARGV[10]) or not isThere(KEYS[5], ARGV[9], ARGV[11]) then
  return 'incomplete'
end

local time = redis.call('TIME')
local nowMs = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
local head = string.sub(ARGV[4], 1, -2) .. ',"atMs":' .. nowMs .. '}'
redis.call('SET', KEYS[3], head)
announce(ARGV[5], ARGV[6] .. head .. ARGV[7], ARGV[12])
return 'kept'
`,
  },

  publish: {
    numberOfKeys: 5,
    lua: `
-- Makes documents and head visible together.
--
-- KEYS  lease, epoch, head, topology, marks
-- ARGV  leader, epoch, sequences of topology and marks, head without its time, events channel, text before and after
--       the head in an event, topology ('' to keep the present one), marks (the same), bytes of topology and of marks
--       as they are to be, kind of channel
-- Returns 'published', 'same' if these versions were published already, 'older' if newer ones were, or 'lost'.
${announce}
if redis.pcall('GET', KEYS[1]) ~= ARGV[1] or redis.pcall('GET', KEYS[2]) ~= ARGV[2] then
  return 'lost'
end

-- What this lease has published; nothing if the head is another leader's, or not a head at all.
local function published(text)
  local isJson, head = pcall(cjson.decode, type(text) == 'string' and text or '')
  if not isJson or type(head) ~= 'table' then
    return nil
  end
  local topology, marks = head.topology, head.marks
  if type(topology) ~= 'table' or type(marks) ~= 'table' then
    return nil
  end
  local epoch = tonumber(ARGV[2])
  if topology.epoch ~= epoch or marks.epoch ~= epoch then
    return nil
  end
  -- No leader counts so far.
  local function counted(sequence)
    return type(sequence) == 'number' and sequence >= 0 and sequence <= ${viewLimits.counterMax} and sequence or nil
  end
  return counted(topology.sequence), counted(marks.sequence)
end

local topologyNow, marksNow = published(redis.pcall('GET', KEYS[3]))
if topologyNow and marksNow then
  local topologyNext, marksNext = tonumber(ARGV[3]), tonumber(ARGV[4])
  if topologyNext < topologyNow or marksNext < marksNow then
    return 'older'
  end
  local isSame = topologyNext == topologyNow and marksNext == marksNow
  local isThere = redis.pcall('STRLEN', KEYS[4]) == tonumber(ARGV[11]) and redis.pcall('STRLEN', KEYS[5]) == tonumber(ARGV[12])
  -- The reply to the first attempt was lost. If a document is gone, it is published again.
  if isSame and isThere then
    return 'same'
  end
end

local time = redis.call('TIME')
local nowMs = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
local head = string.sub(ARGV[5], 1, -2) .. ',"atMs":' .. nowMs .. '}'
if ARGV[9] ~= '' then
  redis.call('SET', KEYS[4], ARGV[9])
end
if ARGV[10] ~= '' then
  redis.call('SET', KEYS[5], ARGV[10])
end
redis.call('SET', KEYS[3], head)
announce(ARGV[6], ARGV[7] .. head .. ARGV[8], ARGV[13])
return 'published'
`,
  },

  record: {
    numberOfKeys: 3,
    lua: `
-- Adds lines to the history, and announces them.
--
-- KEYS  lease, epoch, history
-- ARGV  leader, epoch, bytes of the history as it was written ('' to replace it), lines, events channel,
--       message ('' for none), kind of channel
-- Returns 'kept', 'lost', or 'incomplete' if the history is not as it was written.
${announce}
if redis.pcall('GET', KEYS[1]) ~= ARGV[1] or redis.pcall('GET', KEYS[2]) ~= ARGV[2] then
  return 'lost'
end
if ARGV[3] == '' then
  redis.call('SET', KEYS[3], ARGV[4])
elseif redis.pcall('STRLEN', KEYS[3]) == tonumber(ARGV[3]) then
  redis.call('APPEND', KEYS[3], ARGV[4])
else
  return 'incomplete'
end
if ARGV[6] ~= '' then
  announce(ARGV[5], ARGV[6], ARGV[7])
end
return 'kept'
`,
  },

  release: {
    numberOfKeys: 3,
    lua: `
-- Gives the lease back, notes that in the head for who reads the view next, and announces it to the candidates.
--
-- KEYS  lease, epoch, head
-- ARGV  leader, epoch, events channel, message, head that notes it ('' to note it in the present one), kind of channel
-- Returns 1, or 0 if the lease was not this one.
${announce}
if redis.pcall('GET', KEYS[1]) ~= ARGV[1] or redis.pcall('GET', KEYS[2]) ~= ARGV[2] then
  return 0
end
redis.call('DEL', KEYS[1])
if ARGV[5] ~= '' then
  redis.call('SET', KEYS[3], ARGV[5])
end
local head = redis.pcall('GET', KEYS[3])
if type(head) == 'string' and string.sub(head, -1) == '}' and not string.find(head, '"released":', 1, true) then
  redis.call('SET', KEYS[3], string.sub(head, 1, -2) .. ',"released":true}')
end
announce(ARGV[3], ARGV[4], ARGV[6])
return 1
`,
  },
} as const;
