-- Keeps the lease and, once something was published under it, says that its holder is alive.
--
-- KEYS  lease, epoch, head, topology, marks
-- ARGV  leader, epoch, leaseMs, head without its time ('' before the first publication), events channel,
--       text before and after the head in an event, bytes of topology and of marks as they were published
-- Returns 'kept', 'lost' or 'incomplete'.

if redis.pcall('GET', KEYS[1]) ~= ARGV[1] or redis.pcall('GET', KEYS[2]) ~= ARGV[2] then
  return 'lost'
end
redis.call('PEXPIRE', KEYS[1], ARGV[3])
if ARGV[4] == '' then
  return 'kept'
end
-- Gone, or written over by somebody else.
if redis.pcall('STRLEN', KEYS[4]) ~= tonumber(ARGV[8]) or redis.pcall('STRLEN', KEYS[5]) ~= tonumber(ARGV[9]) then
  return 'incomplete'
end

local time = redis.call('TIME')
local nowMs = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
local head = string.sub(ARGV[4], 1, -2) .. ',"atMs":' .. nowMs .. '}'
redis.call('SET', KEYS[3], head)
redis.call('PUBLISH', ARGV[5], ARGV[6] .. head .. ARGV[7])
return 'kept'
