//! What progenitor does alone: the yardstick of `cargo xtask bench gen`. `progenitor_alone DOCUMENT.json OUT.rs`.

use progenitor::{GenerationSettings, Generator, InterfaceStyle};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut words = std::env::args().skip(1);
    let (Some(document), Some(out)) = (words.next(), words.next()) else {
        return Err("usage: progenitor_alone DOCUMENT.json OUT.rs".into());
    };
    let document = serde_json::from_str(&std::fs::read_to_string(document)?)?;
    let mut settings = GenerationSettings::default();
    settings.with_interface(InterfaceStyle::Builder);
    let tokens = Generator::new(&settings).generate_tokens(&document)?;
    let file = syn::parse2(tokens)?;
    std::fs::write(out, prettyplease::unparse(&file))?;
    Ok(())
}
