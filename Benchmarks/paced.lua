-- As receiver.lua, but each connection waits between its requests; prints how long answers took.
local requests = {}
local at = 0
local wait = 0

function init(arguments)
  local signed = dofile(arguments[1] .. "/requests.lua")
  wait = tonumber(arguments[2])
  for index, one in ipairs(signed) do
    requests[index] = wrk.format("POST", nil, one.headers, one.body)
  end
end

function request()
  at = at % #requests + 1
  return requests[at]
end

-- Between none and twice as long, so that connections do not march in step.
function delay()
  return math.random(0, 2 * wait)
end

function done(summary, latency)
  local errors = summary.errors
  print(string.format("answered %d refused %d broken %d p50 %d p99 %d max %d",
    summary.requests - errors.status, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50), latency:percentile(99), latency.max))
end
