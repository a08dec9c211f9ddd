-- Makes documents and head visible together.
--
-- KEYS  lease, epoch, head, topology, marks
-- ARGV  leader, epoch, sequences of topology and marks, head without its time, events channel, text before and after
--       the head in an event, topology ('' to keep the one that is there), marks (the same), bytes of topology and of
--       marks as they are to be
-- Returns 'published', 'same' where it was already, 'older' where something newer was, or 'lost'.

if redis.pcall('GET', KEYS[1]) ~= ARGV[1] or redis.pcall('GET', KEYS[2]) ~= ARGV[2] then
  return 'lost'
end

-- What this lease has published; nothing where the head is another leader's, or not a head at all.
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
  return tonumber(topology.sequence), tonumber(marks.sequence)
end

local topologyNow, marksNow = published(redis.pcall('GET', KEYS[3]))
if topologyNow and marksNow then
  local topologyNext, marksNext = tonumber(ARGV[3]), tonumber(ARGV[4])
  if topologyNext < topologyNow or marksNext < marksNow then
    return 'older'
  end
  local isSame = topologyNext == topologyNow and marksNext == marksNow
  local isThere = redis.pcall('STRLEN', KEYS[4]) == tonumber(ARGV[11]) and redis.pcall('STRLEN', KEYS[5]) == tonumber(ARGV[12])
  -- The answer to the first try was lost. Where a document is gone, it is published again.
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
redis.call('PUBLISH', ARGV[6], ARGV[7] .. head .. ARGV[8])
return 'published'
