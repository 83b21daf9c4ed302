/** create_record(key, task): whether this call made the record. */
export const CREATE_RECORD = `
local function create_record(key, task)
  if redis.call('EXISTS', key) == 1 then return false end
  redis.call('HSET', key, 'd', task, 's', 'queued', 'v', 1)
  return true
end
`;
