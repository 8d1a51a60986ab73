-- Sends requests that were signed before the run, one after the other, and counts the answers.
local requests = {}
local at = 0

function init(arguments)
  local signed = dofile(arguments[1] .. "/requests.lua")
  for index, one in ipairs(signed) do
    requests[index] = wrk.format("POST", nil, one.headers, one.body)
  end
end

function request()
  at = at % #requests + 1
  return requests[at]
end

function done(summary)
  local errors = summary.errors
  local broken = errors.connect + errors.read + errors.write + errors.timeout
  print(string.format("answered %d refused %d broken %d",
    summary.requests - errors.status, errors.status, broken))
end
