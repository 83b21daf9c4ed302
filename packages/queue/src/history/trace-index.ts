/**
 * Tasks by trace. Most traces have one task, and a key for each would be a tenth of what the lists cost. So `<all>traces`
 * is a hash of trace → its only task (packed); '' when it has, or had, more than one: those are in `<all>ix:t:<trace>`.
 *
 * enter_traces(all, come), leave_traces(all, gone): by trace, what comes as scores and members in turn, what goes as members.
 */
export const TRACE_INDEX = `
local function tasks_of_traces(all, by_trace)
  local traces = {}
  for trace in pairs(by_trace) do traces[#traces + 1] = trace end
  return traces, #traces > 0 and redis.call('HMGET', all .. 'traces', unpack(traces)) or {}
end
local function enter_traces(all, come)
  local known = {}
  local traces, tasks = tasks_of_traces(all, come)
  for i, trace in ipairs(traces) do
    local only, new = tasks[i], come[trace]
    local is_only = not only and #new == 2
    if not is_only then
      local score = only and only ~= '' and redis.call('ZSCORE', all .. 'ix:all', only)
      if score then redis.call('ZADD', all .. 'ix:t:' .. trace, score, only) end
      redis.call('ZADD', all .. 'ix:t:' .. trace, unpack(new))
    end
    known[2 * i - 1], known[2 * i] = trace, is_only and new[2] or ''
  end
  if #known > 0 then redis.call('HSET', all .. 'traces', unpack(known)) end
end
local function leave_traces(all, gone)
  local forgotten = {}
  local traces, tasks = tasks_of_traces(all, gone)
  for i, trace in ipairs(traces) do
    local is_empty = tasks[i] == gone[trace][1]
    if tasks[i] == '' then
      redis.call('ZREM', all .. 'ix:t:' .. trace, unpack(gone[trace]))
      is_empty = redis.call('EXISTS', all .. 'ix:t:' .. trace) == 0
    end
    if is_empty then forgotten[#forgotten + 1] = trace end
  end
  if #forgotten > 0 then redis.call('HDEL', all .. 'traces', unpack(forgotten)) end
end
`;
