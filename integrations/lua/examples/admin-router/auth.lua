-- The authentication of an Admin Router, in the place of the one that a real one has: a token in the request's
-- `Authorization: token=…`, as DC/OS has it, which stands on a line of a file.

local auth = {}
auth.__index = auth

-- The tokens of a file; without the file nobody has one.
function auth.open(path)
    local tokens = {}
    local file, why = io.open(path)
    if not file then
        ngx.log(ngx.ERR, "no tokens: ", why)
        return setmetatable({ tokens = tokens }, auth)
    end
    for token in file:lines() do
        if token ~= "" then tokens[token] = true end
    end
    file:close()
    return setmetatable({ tokens = tokens }, auth)
end

-- Ends a request without a token that is known.
function auth:access()
    local header = ngx.var.http_authorization or ""
    local token = header:match("^token=(.+)$")
    if not (token and self.tokens[token]) then
        ngx.header["WWW-Authenticate"] = "token"
        return ngx.exit(ngx.HTTP_UNAUTHORIZED)
    end
end

return auth
