// What runs inside Redis. A space is one hash (its marks) and one string for each place.
//
// The hash has `open`, made when the space was; `g:<kind>`, the generation of a kind, which a change of all its places raises;
// and `w:<kind>:<id>`, the changes under way of a place, each `<changer>=<deadline>;`. The hash goes as a whole or not at all
// (FLUSHALL, eviction, restart), and without it nothing of the space is used: a mark is never lost by itself.
//
// The string of a place is `T<generation> <token>` while somebody reads the database to fill it, else
// `V<generation> <value>`. Of another generation than the kind's it is nothing.

const marks = `
local function now()
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end
local function living(text, except)
  if not text then return '' end
  local kept, at = {}, now()
  for changer, deadline in string.gmatch(text, '([^=;]+)=(%d+);') do
    if tonumber(deadline) > at and changer ~= except then kept[#kept + 1] = changer .. '=' .. deadline .. ';' end
  end
  return table.concat(kept)
end
`;

/** KEYS marks, place. ARGV kind, id, token, life of a token (ms). Answers {0} lost, {1, value}, {2} busy, {3, token}. */
export const LOOKUP = `${marks}
local g = redis.call('HMGET', KEYS[1], 'open', 'g:' .. ARGV[1], 'w:' .. ARGV[1] .. ':' .. ARGV[2], 'w:' .. ARGV[1] .. ':*')
if not g[1] then return {0} end
local generation = g[2] or '0'
local e = redis.call('GET', KEYS[2])
local value = 'V' .. generation .. ' '
if e and string.sub(e, 1, #value) == value then return {1, string.sub(e, #value + 1)} end
if living(g[3]) ~= '' or living(g[4]) ~= '' then return {2} end
local token = 'T' .. generation .. ' '
if e and string.sub(e, 1, #token) == token then return {3, string.sub(e, #token + 1)} end
redis.call('SET', KEYS[2], token .. ARGV[3], 'PX', ARGV[4])
return {3, ARGV[3]}
`;

/** KEYS marks, place. ARGV kind, token, value, life of an entry (ms). Answers 1 filled, 0 refused. */
export const FILL = `
local g = redis.call('HMGET', KEYS[1], 'open', 'g:' .. ARGV[1])
if not g[1] then return 0 end
local generation = g[2] or '0'
if redis.call('GET', KEYS[2]) ~= 'T' .. generation .. ' ' .. ARGV[2] then return 0 end
redis.call('SET', KEYS[2], 'V' .. generation .. ' ' .. ARGV[3], 'PX', ARGV[4])
return 1
`;

/** KEYS marks, place. ARGV kind, id, changer, life of a mark (ms). Answers 1, or 0: lost. */
export const MARK = `${marks}
if redis.call('HEXISTS', KEYS[1], 'open') == 0 then return 0 end
local field = 'w:' .. ARGV[1] .. ':' .. ARGV[2]
local deadline = string.format('%.0f', now() + tonumber(ARGV[4]))
redis.call('HSET', KEYS[1], field, living(redis.call('HGET', KEYS[1], field)) .. ARGV[3] .. '=' .. deadline .. ';')
if ARGV[2] == '*' then redis.call('HINCRBY', KEYS[1], 'g:' .. ARGV[1], 1) else redis.call('DEL', KEYS[2]) end
return 1
`;

/** KEYS marks, place. ARGV kind, id, changer. */
export const UNMARK = `${marks}
local field = 'w:' .. ARGV[1] .. ':' .. ARGV[2]
local left = living(redis.call('HGET', KEYS[1], field), ARGV[3])
if left == '' then redis.call('HDEL', KEYS[1], field) else redis.call('HSET', KEYS[1], field, left) end
if ARGV[2] == '*' then
  if redis.call('HEXISTS', KEYS[1], 'open') == 1 then redis.call('HINCRBY', KEYS[1], 'g:' .. ARGV[1], 1) end
else
  redis.call('DEL', KEYS[2])
end
return 1
`;
