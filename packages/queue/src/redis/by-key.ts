/** put(lists, key, value, second value or nil): what one command is to do to each key. */
export const BY_KEY = `
local function put(lists, key, value, second)
  local list = lists[key]
  -- A table that is made with its values is not made anew for each.
  if not list then
    lists[key] = {value, second}
    return
  end
  local n = #list
  list[n + 1], list[n + 2] = value, second
end
`;
