-- Gives the lease back, and tells those who wait for it.
--
-- KEYS  lease, epoch
-- ARGV  leader, epoch, events channel, message
-- Returns 1, or 0 where the lease was not this one.

if redis.pcall('GET', KEYS[1]) ~= ARGV[1] or redis.pcall('GET', KEYS[2]) ~= ARGV[2] then
  return 0
end
redis.call('DEL', KEYS[1])
redis.call('PUBLISH', ARGV[3], ARGV[4])
return 1
