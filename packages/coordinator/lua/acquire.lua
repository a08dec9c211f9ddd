-- Takes the lease, with an epoch above every one that was ever given out or seen.
--
-- KEYS  lease, epoch
-- ARGV  leader, leaseMs, floorMs, ordinal (0 to 999), aheadMaxMs
-- Returns the epoch as text, or false where somebody else leads.

local leader, leaseMs, floorMs, ordinal, aheadMaxMs = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])

-- A key of another type was not written by us: it is overwritten, as if it were not there.
local function text(key)
  local value = redis.pcall('GET', key)
  return type(value) == 'string' and value or nil
end

-- Nor was a lease that never expires: nobody could ever lead again.
local holder = text(KEYS[1])
if holder and holder ~= leader and redis.call('PTTL', KEYS[1]) >= 0 then
  return false
end

local time = redis.call('TIME')
local nowMs = time[1] * 1000 + math.floor(time[2] / 1000)
local aheadMs = nowMs + aheadMaxMs

local storedMs = math.floor((tonumber(text(KEYS[2]) or '') or 0) / 1000)
-- Written by no clock. This comparison also refuses what is not a number at all.
if not (storedMs >= 0 and storedMs <= aheadMs) then
  storedMs = 0
end

local epochMs = math.max(nowMs, storedMs + 1, math.min(floorMs, aheadMs) + 1)
-- As text: a number in a reply, and Lua's own way of writing one, would lose digits.
local epoch = string.format('%.0f', epochMs * 1000 + ordinal)
redis.call('SET', KEYS[2], epoch)
redis.call('SET', KEYS[1], leader, 'PX', leaseMs)
return epoch
