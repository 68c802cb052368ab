# SPDX-License-Identifier: GPL-2.0-only
# C without its comments: FILE<tab>LINE<tab>CODE, and no line that has none.
BEGIN {
	string["\""] = "^\"([^\"\\\\]|\\\\.)*\"?"
	string["'"] = "^'([^'\\\\]|\\\\.)*'?"
}
FNR == 1 { inside = 0 }
{
	code = ""
	line = $0
	while (line != "") {
		if (inside) {
			end = index(line, "*/")
			if (!end)
				break
			inside = 0
			line = substr(line, end + 2)
			continue
		}
		if (!match(line, /\/\*|\/\/|["']/)) {
			code = code line
			break
		}
		token = substr(line, RSTART, RLENGTH)
		code = code substr(line, 1, RSTART - 1)
		line = substr(line, RSTART)
		if (token == "//")
			break
		if (token == "/*") {
			inside = 1
			line = substr(line, 3)
			continue
		}
		match(line, string[token])
		code = code substr(line, 1, RLENGTH)
		line = substr(line, RLENGTH + 1)
	}
	if (code ~ /[^ \t\f\r]/)
		print FILENAME "\t" FNR "\t" code
}
