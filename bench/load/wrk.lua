-- What `wrk.ts` has wrk do: sends the load described by the Lua table in the file named after `--`.
local lacking = false

local function fill(load, value)
  local headers = {}
  for name, text in pairs(load.headers) do headers[name] = text:gsub('{}', value, 1) end
  return wrk.format(load.method, load.path, headers, (load.body:gsub('{}', value, 1)))
end

function init(arguments)
  local load = dofile(arguments[1])
  local member = load.member and '"' .. load.member .. '" *: *"([^"]+)"'
  local output = load.output and io.open(load.output, 'w')
  -- Those from `first` to `last` are left; what comes back is used when all before it were.
  local values, first, last = {}, 1, 0
  local function add(value)
    last = last + 1
    values[last] = value
  end
  if load.values then
    for line in io.lines(load.values) do add(line) end
    -- wrk asks once for a request that it does not send.
    local asked = false
    request = function()
      if not asked then
        asked = true
        return fill(load, 'none')
      end
      local value = values[first]
      if value ~= nil then
        values[first] = nil
        first = first + 1
      elseif not lacking then
        lacking = true
        io.stderr:write('no values are left\n')
      end
      return fill(load, value or 'none')
    end
  else
    wrk.method, wrk.path, wrk.body = load.method, load.path, load.body
    for name, text in pairs(load.headers) do wrk.headers[name] = text end
  end
  if member then
    response = function(status, headers, body)
      local value = body:match(member)
      if value and output then output:write(value, '\n') end
      if value and not output then add(value) end
    end
  end
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests":%d,"microseconds":%d,"refused":%d,"p50":%d,"p99":%d,"p999":%d}\n',
    summary.requests, summary.duration,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout,
    latency:percentile(50), latency:percentile(99), latency:percentile(99.9)
  ))
end
