/// What dotenvy's `parse_value` makes of a value, as far as it does so silently.
#[derive(Default)]
pub(super) struct Shape {
    /// A `$` takes text from the environment: it is neither escaped nor between single quotes, nor in the comment behind.
    pub(super) substitutes: bool,
    /// It goes on over the end of its line, and not between quotes. dotenvy decides where a variable ends in another place than
    /// what its value is, and there a quote in a comment behind two blanks, or right behind `=`, counts.
    pub(super) spills: bool,
    /// It ends in a backslash, which is dropped.
    pub(super) dangles: bool,
}

impl Shape {
    /// Of a variable's lines, as they stand in the file.
    pub(super) fn of(source: &str) -> Shape {
        let value = source.split_once('=').map_or("", |(_, value)| value.trim());
        let mut shape = Shape::default();
        let (mut single, mut double, mut escaped) = (false, false, false);
        // What begins with `#` is a comment and nothing else.
        let mut after_blank = true;
        for (index, character) in value.char_indices() {
            let blank = std::mem::take(&mut after_blank);
            if escaped {
                escaped = false;
                continue;
            }
            if single {
                single = character != '\'';
                continue;
            }
            match character {
                '$' => shape.substitutes = true,
                '\\' => escaped = true,
                '"' => double = !double,
                '\'' if !double => single = true,
                ' ' | '\t' if !double => after_blank = true,
                '\n' if !double => shape.spills = true,
                '#' if blank && !double => {
                    shape.spills |= value[index..].contains('\n');
                    return shape;
                }
                _ => {}
            }
        }
        shape.dangles = escaped;
        shape
    }
}
