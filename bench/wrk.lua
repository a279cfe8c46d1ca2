-- One operation: BENCH_{METHOD,PATH,BODY,TOKEN,PURPOSE,TOTAL,BASE} say which.
-- In path and body, «own», «seen», «due» and «next» are filled in for each request.
local env = os.getenv
local method, path, body = env("BENCH_METHOD"), env("BENCH_PATH"), env("BENCH_BODY")
local total, base, token = tonumber(env("BENCH_TOTAL")), tonumber(env("BENCH_BASE")), env("BENCH_TOKEN")
local threads = 0

function setup(thread)
  thread:set("number", threads)
  threads = threads + 1
end

function init()
  math.randomseed(base + number)
  made = 0
  headers = { Authorization = "Bearer " .. token, ["If-Match"] = "*", ["Access-Purpose"] = env("BENCH_PURPOSE") }
  if body ~= "" then headers["Content-Type"] = "application/json" end
end

local function twelve(value) return string.format("%.0f", value) end

local fill = {
  -- A graffiti case of the council's own.
  own = function() return twelve(1e11 + 60 * math.random(1, total / 60 - 2)) end,
  -- Any case it may see: its own, and what two others share with it.
  seen = function()
    return twelve(1e11 + 20 * math.random(1, total / 20 - 2) + ({ 0, 13, 19 })[math.random(3)])
  end,
  -- A task nobody has answered yet.
  due = function() return twelve(2e11 + base % 1e6 + number * 16000 + made) end,
  next = function() return twelve(base + number * 1e6 + made) end,
}

function request()
  made = made + 1
  local filled = function(text) return (text:gsub("{(%l+)}", function(word) return fill[word] and fill[word]() end)) end
  return wrk.format(method, filled(path), headers, body ~= "" and filled(body) or nil)
end

function done(summary, latency)
  local e = summary.errors
  io.write(string.format("\nRESULT %d %d %d %d %d\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), e.connect + e.read + e.write + e.status + e.timeout))
end
