# Wrong uses of `$1 table`, $1 being hashc: the first line of each message, then the exit status.
hashc=$1
fail() {
  "$hashc" table "$@" > message.txt 2>&1
  status=$?
  head -1 message.txt
  echo $status
}
make_table="python3 $(dirname "$0")/../../e2e/Inputs/make-table.py"
random="build --router random --experts 8 --vocab 256 -o x.safetensors"

fail build --router ballanced --experts 8 --vocab 256 -o x.safetensors
fail build --router switch --experts 8 --vocab 256 -o x.safetensors
fail build --router balanced --experts 8 --vocab 256 -o x.safetensors
fail build --router clustered --experts 8 --vocab 256 -o x.safetensors
fail $random --data corpus.txt
fail $random --checkpoint embedding.safetensors
fail build --router round_robin --experts 8 --vocab 256 --seed 1 -o x.safetensors
fail $random --top 9
fail build --router balanced --experts 8 --vocab 256 --data none.txt -o x.safetensors
fail build --router random --experts 8 --vocab 256 -o nowhere/x.safetensors
fail show none.safetensors
fail show text.safetensors#tid2ied
fail show embedding.safetensors
$make_table twice.safetensors i32 256 8 7 --top 2
fail show twice.safetensors
$make_table minus.safetensors i64 256 8 -- -3
fail show minus.safetensors
fail show text.safetensors --experts 4
$make_table empty.safetensors i32 0 8
fail show empty.safetensors
fail show text.safetensors --ids 256
fail show text.safetensors --ids 3..1
fail show routed.run#s
fail stats text.safetensors robin.safetensors
fail remap text.safetensors -o x.safetensors
fail remap text.safetensors --keep 0..8 -o x.safetensors
fail remap text.safetensors --order 0,0 -o x.safetensors
fail remap text.safetensors --keep 0 -o x.safetensors
