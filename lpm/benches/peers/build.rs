//! Compiles the C half for the native CPU and links DPDK.

fn main() {
    println!("cargo:rerun-if-changed=src/dpdk.c");
    let dpdk =
        pkg_config::Config::new().cargo_metadata(false).probe("libdpdk").expect("libdpdk-dev is installed");
    let mut c = cc::Build::new();
    c.file("src/dpdk.c").flag("-march=native").opt_level(3).flag("-includerte_config.h");
    c.includes(&dpdk.include_paths).compile("dpdk_shim");
    for path in &dpdk.link_paths {
        println!("cargo:rustc-link-search=native={}", path.display());
    }
    for library in ["rte_fib", "rte_lpm", "rte_rib", "rte_eal"] {
        println!("cargo:rustc-link-lib={library}");
    }
}
