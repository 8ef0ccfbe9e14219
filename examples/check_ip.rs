//! Who is allowed? `cargo run --example check_ip 10.0.1.7 192.0.2.1`

use ipgate::{Gate, List, parse_address};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let list: List = "10.0.1.0/24:office_ABC,212.121.212.121:client_YXZ".parse()?;
    let gate = Gate::new(&list);
    for address in std::env::args().skip(1) {
        println!("{}", gate.check(parse_address(&address)?));
    }
    Ok(())
}
